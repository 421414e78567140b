// The sequential objects that a cluster's API promises: an object under versioned updates is a register with
// compare-and-set; creates of unique names are a set.
import type { Model } from "./linearizability.ts";

export type RegisterInput =
  | { readonly kind: "read" }
  /** Writes `value` when the register's version is `expected`. */
  | { readonly kind: "update"; readonly expected: number; readonly value: number };

export type RegisterOutput =
  | { readonly kind: "value"; readonly version: number; readonly value: number }
  /** The version was another one: nothing was written. */
  | { readonly kind: "conflict" };

interface Register {
  readonly version: number;
  readonly value: number;
  /** An unknown update took effect: the version is some larger one than `version`. */
  readonly isOpen?: true;
}

/** Versions only grow, by how much is the store's business: an unknown update leaves open to which one. */
export const registerModel = (initial: Register): Model<Register, RegisterInput, RegisterOutput> => ({
  initial,
  step: (state, input, output) => {
    const fits = (version: number): boolean =>
      state.isOpen === true ? version > state.version : version === state.version;
    switch (input.kind) {
      case "read":
        if (output === undefined) return state;
        if (output.kind !== "value" || output.value !== state.value || !fits(output.version)) return undefined;
        return { version: output.version, value: state.value };
      case "update":
        if (output?.kind === "conflict") {
          return state.isOpen !== true && state.version === input.expected ? undefined : state;
        }
        if (!fits(input.expected)) return undefined;
        if (output === undefined) return { version: input.expected, value: input.value, isOpen: true };
        if (output.value !== input.value || output.version <= input.expected) return undefined;
        return { version: output.version, value: input.value };
    }
  },
});

export type SetInput = { readonly kind: "create" } | { readonly kind: "remove" } | { readonly kind: "exists" };
export type SetOutput =
  | { readonly kind: "done" }
  | { readonly kind: "refused" }
  | { readonly kind: "is"; readonly there: boolean };

/** One name: there or not. Create is refused when it is there, remove when it is not. */
export const nameModel: Model<boolean, SetInput, SetOutput> = {
  initial: false,
  step: (there, input, output) => {
    switch (input.kind) {
      case "create":
        if (output === undefined) return true;
        return (output.kind === "done") === !there ? true : undefined;
      case "remove":
        if (output === undefined) return false;
        return (output.kind === "done") === there ? false : undefined;
      case "exists":
        if (output === undefined) return there;
        return output.kind === "is" && output.there === there ? there : undefined;
    }
  },
};
