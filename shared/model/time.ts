/** The end of the year 9999, in Unix milliseconds: beyond it no calendar that we write times with has a year. */
export const LAST_TIME_MS = 253_402_300_799_999;
