// nftables' own library, called in this process: what the command nft does, without starting a program (which costs some twenty
// times more than the work itself). It speaks to the namespace that the thread is in.
import koffi from "koffi";
import { SkepError } from "../../../shared/errors.ts";
import { closeNow, openNetlink } from "./libc.ts";

const JSON_OUTPUT = 1 << 4;

interface Library {
  readonly newContext: (flags: number) => unknown;
  readonly freeContext: (context: unknown) => void;
  readonly bufferOutput: (context: unknown) => number;
  readonly bufferErrors: (context: unknown) => number;
  readonly setOutput: (context: unknown, flags: number) => void;
  readonly run: (context: unknown, text: string) => number;
  readonly output: (context: unknown) => string | null;
  readonly errors: (context: unknown) => string | null;
}

let loaded: Library | undefined;

/** @throws {SkepError} `failed_precondition`: it is not installed. */
function library(): Library {
  if (loaded !== undefined) return loaded;
  const lib = load("libnftables.so.1");
  loaded = {
    newContext: lib.func("void* nft_ctx_new(uint32_t)"),
    freeContext: lib.func("void nft_ctx_free(void*)"),
    bufferOutput: lib.func("int nft_ctx_buffer_output(void*)"),
    bufferErrors: lib.func("int nft_ctx_buffer_error(void*)"),
    setOutput: lib.func("void nft_ctx_output_set_flags(void*, unsigned int)"),
    run: lib.func("int nft_run_cmd_from_buffer(void*, str)"),
    output: lib.func("str nft_ctx_get_output_buffer(void*)"),
    errors: lib.func("str nft_ctx_get_error_buffer(void*)"),
  };
  return loaded;
}

function load(name: string) {
  try {
    return koffi.load(name);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SkepError("failed_precondition", `this node lacks nftables: install libnftables1 (${why})`, { cause });
  }
}

export interface NftResult {
  readonly ok: boolean;
  readonly output: string;
  readonly errors: string;
}

const NO_MEMORY = "nftables' library got no memory for its work";

/** Runs a text of commands, all or nothing. @param json what it lists is printed as JSON. @throws {SkepError | SystemError} it cannot run. */
export function runNft(text: string, json = false): NftResult {
  const nft = library();
  // Where it gets no socket (no file left, no nf_tables in the kernel) the library ends the process: here that is an error.
  closeNow(openNetlink("netfilter"));
  const context = nft.newContext(0);
  if (context === null) throw new SkepError("resource_exhausted", NO_MEMORY);
  try {
    if (nft.bufferOutput(context) !== 0 || nft.bufferErrors(context) !== 0)
      throw new SkepError("resource_exhausted", NO_MEMORY);
    if (json) nft.setOutput(context, JSON_OUTPUT);
    const ok = nft.run(context, text) === 0;
    return { ok, output: nft.output(context) ?? "", errors: nft.errors(context) ?? "" };
  } finally {
    nft.freeContext(context);
  }
}
