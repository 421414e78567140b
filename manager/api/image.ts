// A service's image, resolved once: every node then runs the same content, and the scheduler knows for which platforms it is.
import {
  type ContainerSpec,
  newPlacement,
  newPlatform,
  type ServiceSpec,
  type TaskSpec,
} from "../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { parseRegistryAuth } from "../../shared/image/credentials.ts";
import { parseReference } from "../../shared/image/reference.ts";
import type { ImageResolver } from "../../shared/image/resolve.ts";

export interface ResolvedSpec {
  readonly spec: ServiceSpec;
  readonly warnings: readonly string[];
}

/** A registry that does not answer is not the end: the nodes may have the image, or better luck. */
export async function resolveImage(
  spec: ServiceSpec,
  insecureRegistries: readonly string[],
  images: ImageResolver,
  signal: AbortSignal,
): Promise<ResolvedSpec> {
  const template = spec.taskTemplate;
  const container = template?.containerSpec;
  if (template === undefined || container === undefined) return { spec, warnings: [] };
  try {
    const auth = parseRegistryAuth(container.registryAuth);
    const { image, platforms } = await images(container.image, auth, insecureRegistries, signal);
    return { spec: withImage(spec, template, { ...container, image }, platforms), warnings: [] };
  } catch (error) {
    if (signal.aborted || isCode(error, "invalid_argument")) throw error;
    const why = SkepError.from(error).message;
    const problem = `image ${container.image} could not be accessed on a registry to record its`;
    // By its digest it is the same everywhere, whoever is asked.
    const warning =
      parseReference(container.image).digest === undefined
        ? `${problem} digest. Each node will access ${container.image} independently, possibly leading to different nodes ` +
          `running different versions of the image. (${why})`
        : `${problem} platforms. Its tasks may be given to nodes whose platform it is not for. (${why})`;
    return { spec: withImage(spec, template, container, []), warnings: [warning] };
  }
}

function withImage(
  spec: ServiceSpec,
  template: TaskSpec,
  containerSpec: ContainerSpec,
  platforms: readonly { readonly os: string; readonly architecture: string }[],
): ServiceSpec {
  const isDefault = platforms.length === 0 && template.placement === undefined;
  const placement = isDefault
    ? undefined
    : { ...(template.placement ?? newPlacement()), platforms: platforms.map((platform) => newPlatform(platform)) };
  return { ...spec, taskTemplate: { ...template, containerSpec, placement } };
}
