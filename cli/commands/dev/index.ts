export { devCommand } from "../../../deploy/dev/cli.ts";
