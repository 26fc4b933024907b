/**
 * Panel widths, and the register tiles of the kernels that read panels of each width.
 *
 * V8 can allocate 15 vector registers, and moves all loads of a basic block to its beginning. So the registers must
 * hold a tile's sums, the loads of one step and a product; a spilled sum halves the speed. On AMD Zen 3 and similar
 * CPUs, a broadcast from memory occupies the same four pipes as a product or a sum. So wide tiles with few rows,
 * which need few broadcasts, are the fastest: 2×16 reaches nine tenths of peak, 4×8 and 3×12 three quarters or
 * less.
 */

/** Columns of a panel in memory, padding included. */
export type PanelWidth = 4 | 8 | 16;

/** All panel widths, widest first. */
export const PANEL_WIDTHS: readonly PanelWidth[] = [16, 8, 4];

/** Rows of the row kernel's tile, by panel width. */
export const ROW_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 6 };

/** Rows of the outer-product kernel's tile, by panel width. */
export const OUTER_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 4 };

/** Lists the integers from 0 to `length` − 1. */
export const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
