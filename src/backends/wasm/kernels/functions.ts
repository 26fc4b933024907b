/** The functions that kernels call: copies, the inner loop of products, and those of other kernels. */
import type { Func } from '../assembler/assembler.js';
import { copyKernels } from './copyKernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { rowKernel } from './rowKernel.js';
import { PANEL_WIDTHS, type Tiles } from './tiles.js';

/** A form of the code of kernels. The commands of kernels, and therefore plans, are the same in every form. */
export interface KernelForm {
  readonly multiplyAdd: MultiplyAdd;
  readonly tiles: Tiles;
}

/** The functions of products, and those of other kernels. */
export const kernelFunctions = (form: KernelForm, others: (form: KernelForm) => readonly Func[]): readonly Func[] => [
  ...copyKernels,
  ...others(form),
  ...PANEL_WIDTHS.map((width) => rowKernel(width, form.multiplyAdd, form.tiles)),
];
