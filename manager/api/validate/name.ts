import { nameProblem } from "../../../shared/model/object-name.ts";
import { refuse } from "./problem.ts";

/** @throws {SkepError} `invalid_argument` */
export const checkName = (noun: "service" | "network", name: string): void => refuse(noun, nameProblem(name));
