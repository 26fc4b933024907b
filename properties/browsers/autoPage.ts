/** Runs `auto` in a browser. */
import { auto, type AutoOptions } from '../../src/backends/auto/index.js';
import { E } from '../../src/internal/fp.js';

/** The backends that `auto` tried, and the results. */
export interface AutoChecks {
  readonly tried: (options: AutoOptions) => Promise<readonly string[]>;
}

const checks: AutoChecks = {
  tried: async (options) => {
    const tried: string[] = [];
    const onTried: AutoOptions['onTried'] =
      ({ backend, error }) =>
      () =>
        void tried.push(error === null ? backend : `no ${backend}`);
    const result = await auto({ ...options, onTried })();
    if (E.isRight(result)) await result.right.close();
    return tried;
  },
};
Object.assign(globalThis, { checks });
