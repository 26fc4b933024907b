/** Opens a page in Chromium that checks the contract of a backend: the laws and the operations, by name. */
import { openPage } from './openPage.js';
import type { Checks } from './checks.js';

export interface Contract extends Checks {
  readonly close: () => Promise<void>;
}

/** Opens a page: `./page.ts` has our WebGPU backend, and `./tfjsPage.ts` that of tfjs. */
export const openContract = async (file: './page.ts' | './tfjsPage.ts'): Promise<Contract> => {
  const { checks, close } = await openPage<Checks>(file, { webgpu: true });
  return {
    lawTitles: await checks.evaluate((of) => of.lawTitles),
    law: (title, times) => checks.evaluate((of, given) => of.law(...given), [title, times] as const),
    feature: (name, tolerance) => checks.evaluate((of, given) => of.feature(...given), [name, tolerance] as const),
    promised: (title) => checks.evaluate((of, given) => of.promised(given), title),
    close,
  };
};
