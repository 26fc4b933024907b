/** The members of Node's `EventEmitter` that are used. */
interface Emitter {
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
  getMaxListeners(): number;
  setMaxListeners(most: number): unknown;
}

/**
 * Listens for an event, and returns a function that stops it. Raises the limit above which Node warns of a leak by one
 * in between, because a program may have any number of runs.
 */
export const listen = (emitter: Emitter, event: string, listener: (value: unknown) => void): (() => void) => {
  const allow = (more: number): void => {
    const most = emitter.getMaxListeners();
    if (most > 0) emitter.setMaxListeners(most + more); // 0 is no limit
  };
  let listens = true;
  allow(1);
  emitter.on(event, listener);
  return () => {
    if (!listens) return;
    listens = false;
    emitter.off(event, listener);
    allow(-1);
  };
};
