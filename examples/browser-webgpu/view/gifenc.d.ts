/** The part of gifenc that the page uses; the package has no types. */
declare module 'gifenc/dist/gifenc.esm.js' {
  type Palette = readonly (readonly number[])[];
  export const quantize: (rgba: Uint8ClampedArray, colours: number) => Palette;
  export const applyPalette: (rgba: Uint8ClampedArray, palette: Palette) => Uint8Array;
  export const GIFEncoder: () => {
    readonly writeFrame: (
      indices: Uint8Array,
      width: number,
      height: number,
      options: { readonly palette: Palette; readonly delay: number },
    ) => void;
    readonly finish: () => void;
    readonly bytes: () => Uint8Array;
  };
}
