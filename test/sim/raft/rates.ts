// How often things go wrong in a run of Raft's simulation.
export interface Rates {
  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly maxDelaySteps: number;
  readonly maxWriteSteps: number;
  readonly crashRate: number;
  readonly restartRate: number;
  readonly hangRate: number;
  readonly unhangRate: number;
  readonly cutRate: number;
  readonly healRate: number;
  readonly proposeRate: number;
  readonly readRate: number;
  readonly memberRate: number;
  readonly transferRate: number;
  readonly snapshotInterval: number;
  /** The slowest clock loses this share of its ticks. */
  readonly clockDrift: number;
}

/** Half of the faults are absent in a run, on average: what one fault hides, the lack of it shows. */
export function drawRates(random: () => number): Rates {
  const maybe = (max: number): number => (random() < 0.5 ? 0 : random() * max);
  return {
    lossRate: maybe(0.3),
    duplicateRate: maybe(0.2),
    maxDelaySteps: 1 + Math.floor(maybe(40)),
    maxWriteSteps: 1 + Math.floor(maybe(25)),
    crashRate: maybe(0.008),
    restartRate: 0.005 + random() * 0.05,
    hangRate: maybe(0.002),
    unhangRate: 0.001 + random() * 0.02,
    cutRate: maybe(0.012),
    healRate: 0.002 + random() * 0.02,
    proposeRate: 0.05 + random() * 0.5,
    readRate: random() * 0.2,
    memberRate: random() < 0.5 ? 0 : random() < 0.5 ? 0.005 : 0.08,
    transferRate: maybe(0.006),
    snapshotInterval: 5 + Math.floor(random() * 60),
    clockDrift: 0.05 + maybe(0.6),
  };
}

/** Nothing goes wrong but what a story makes go wrong. */
export function calmRates(random: () => number): Rates {
  return {
    lossRate: 0,
    duplicateRate: random() < 0.5 ? 0 : 0.1,
    maxDelaySteps: 1 + Math.floor(random() * 4),
    maxWriteSteps: 1 + Math.floor(random() * 4),
    crashRate: 0,
    restartRate: 0,
    hangRate: 0,
    unhangRate: 0,
    cutRate: 0,
    healRate: 0,
    proposeRate: 0,
    readRate: 0,
    memberRate: 0,
    transferRate: 0,
    snapshotInterval: 1_000,
    clockDrift: random() * 0.1,
  };
}
