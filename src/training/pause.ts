/**
 * Lets signals, timers and the screen have their turn. A backend on the CPU computes without a pause, and
 * promises alone give none.
 */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
