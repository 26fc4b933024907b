/**
 * Panel widths, and the register tiles of the kernels that read panels of each width.
 *
 * V8 has 15 vector registers to give, and moves all loads of a basic block to its beginning: a tile needs
 * room for its sums, one step's loads and a product, and a spilled sum costs half the speed. On AMD's Zen 3
 * (and its like) a broadcast from memory takes a turn of the same four pipes as a product or a sum, so wide
 * tiles with few rows, hence few broadcasts, are the fastest: 2×16 reaches nine tenths of the peak, 4×8 and
 * 3×12 three quarters or less.
 */

/** Columns of a panel, in memory. */
export type PanelWidth = 4 | 8 | 16;

/** Widest first. */
export const PANEL_WIDTHS: readonly PanelWidth[] = [16, 8, 4];

/** Rows of the row kernel's tile for a panel of each width. */
export const ROW_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 6 };

/** Rows of the outer-product kernel's tile for a panel of each width. */
export const OUTER_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 4 };

/** The integers from 0 to below `length`. */
export const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
