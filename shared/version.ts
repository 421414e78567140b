/** This program's version; the same as package.json's, which a bundled program no longer has beside it. */
export const VERSION = "0.1.0";
