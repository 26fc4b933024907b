/** Opens a page that checks the contract of a backend: the laws and the operations, by name. */
import type { Checks } from './checks.js';
import type { Running } from './inBrowsers.js';
import type { PageHeaders } from './openPage.js';

export interface Contract extends Checks {
  /** The number of running workers of the backend. */
  readonly workers: () => number;
  readonly close: () => Promise<void>;
}

/** The pages with checks of a backend. */
export type ContractPage = './webgpuContractPage.ts' | './tfjsContractPage.ts' | './wasmContractPage.ts';

export const openContract = async ({ open }: Running, file: ContractPage, headers?: PageHeaders): Promise<Contract> => {
  const { checks, workers, close } = await open<Checks>(file, headers);
  return {
    lawTitles: await checks.evaluate((of) => of.lawTitles),
    rounding: await checks.evaluate((of) => of.rounding),
    law: (title, times) => checks.evaluate((of, args) => of.law(...args), [title, times] as const),
    feature: (name, tolerance) => checks.evaluate((of, args) => of.feature(...args), [name, tolerance] as const),
    unet: (name) => checks.evaluate((of, args) => of.unet(args), name),
    workers,
    close,
  };
};
