/**
 * Panel widths, and the register tiles of the kernels that read panels of each width.
 *
 * V8 uses at most 15 vector registers, and moves all loads of a basic block to its beginning. The registers must
 * therefore hold the sums of a tile, the loads of one step and one product. A sum that does not fit is kept in memory,
 * which halves the speed. On AMD Zen 3 and similar CPUs, a broadcast from memory needs the same four execution units as
 * a product or a sum. Wide tiles with few rows need few broadcasts and are the fastest: 2×16 reaches 90 % of the peak,
 * 4×8 and 3×12 at most 75 %.
 */

/** Columns of a panel in memory, padding included. */
export type PanelWidth = 4 | 8 | 16;

/** All panel widths, widest first. */
export const PANEL_WIDTHS: readonly PanelWidth[] = [16, 8, 4];

/** The number of rows of the row kernel's tile, for each panel width. */
export const ROW_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 6 };

/** Rows of the outer-product kernel's tile, by panel width. */
export const OUTER_TILE_ROWS: Readonly<Record<PanelWidth, number>> = { 16: 2, 8: 4, 4: 4 };
