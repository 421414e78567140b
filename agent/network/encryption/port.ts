/** UDP; the next one is used too: keys of odd epochs are behind it. */
export const DEFAULT_TUNNEL_PORT = 51_820;
