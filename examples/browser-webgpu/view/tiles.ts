/** Images of which one is chosen. */
import { SIDE } from '../shared/extent.js';
import { element, button, night, setText } from './elements.js';
import { roving } from './roving.js';
import { show } from './ink.js';

export interface Tiles {
  /** Shows images, stored one after another, or none; each with a name and an optional caption. */
  readonly draw: (
    pixels: Uint8Array | undefined,
    nameOf: (i: number) => string,
    captionOf?: (i: number) => string,
  ) => void;
  /** Marks the chosen image; null for none. */
  readonly choose: (chosen: number | null) => void;
  /** Enables or disables the buttons. */
  readonly allow: (allowed: boolean) => void;
}

/** Makes buttons with images in an element. */
export const tilesIn = (parent: HTMLElement, count: number, pressed: (i: number) => void): Tiles => {
  const tiles = Array.from({ length: count }, (_, i) => {
    const canvas = element('canvas', { width: `${SIDE}`, height: `${SIDE}`, 'aria-hidden': 'true' });
    const caption = element('span', { 'aria-hidden': 'true' });
    const tile = button({ role: 'radio' }, () => pressed(i), canvas, caption);
    parent.append(tile);
    return { tile, canvas, caption };
  });
  parent.role = 'radiogroup';
  roving(parent);
  let drawn: { readonly pixels: Uint8Array | undefined; readonly dark: boolean } | null = null;
  return {
    draw: (pixels, nameOf, captionOf) => {
      tiles.forEach(({ tile, caption }, i) => {
        tile.setAttribute('aria-label', nameOf(i));
        if (captionOf !== undefined) setText(caption, captionOf(i));
      });
      if (drawn?.pixels === pixels && drawn?.dark === night.matches) return;
      drawn = { pixels, dark: night.matches };
      tiles.forEach(({ canvas }, i) =>
        pixels === undefined ? canvas.getContext('2d')?.clearRect(0, 0, SIDE, SIDE) : show(canvas, pixels, i),
      );
    },
    choose: (chosen) => tiles.forEach(({ tile }, i) => tile.setAttribute('aria-checked', `${i === chosen}`)),
    allow: (allowed) => {
      for (const { tile } of tiles) tile.disabled = !allowed;
    },
  };
};
