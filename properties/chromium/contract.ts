/** A page in Chromium that checks the contract of the webgpu backend there: the laws and the operations, by their names. */
import { openPage } from './openPage.js';
import type { Checks } from './page.js';

export interface Contract extends Checks {
  readonly close: () => Promise<void>;
}

export const openContract = async (): Promise<Contract> => {
  const { checks, close } = await openPage<Checks>('./page.ts', { webgpu: true });
  return {
    lawTitles: await checks.evaluate((of) => of.lawTitles),
    law: (title, times) => checks.evaluate((of, given) => of.law(...given), [title, times] as const),
    feature: (name, tolerance) => checks.evaluate((of, given) => of.feature(...given), [name, tolerance] as const),
    promised: (title) => checks.evaluate((of, given) => of.promised(given), title),
    close,
  };
};
