export type Paint = (text: string) => string;

const paint =
  (open: number, close: number, colour: boolean): Paint =>
  (text) =>
    colour && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;

export interface Palette {
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  /** One of a few colours, the same for the same number: to tell tasks apart. */
  readonly nth: (n: number) => Paint;
}

const HUES = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export const palette = (colour: boolean): Palette => ({
  red: paint(31, 39, colour),
  green: paint(32, 39, colour),
  yellow: paint(33, 39, colour),
  dim: paint(2, 22, colour),
  bold: paint(1, 22, colour),
  nth: (n) => paint(HUES[n % HUES.length] ?? 36, 39, colour),
});
