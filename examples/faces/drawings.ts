/** The drawing of each value of each attribute: its options in DiceBear. */
import type { StyleOptions } from '@dicebear/core';
import type { Options } from '@dicebear/pixel-art';
import type { Attribute, Attributes } from './attributes.js';

/** Options of DiceBear for the style pixel-art. */
export type Drawing = StyleOptions<Options>;

/** The colour of a mouth differs from that of each skin and each beard. */
const mouth = (variant: NonNullable<Options['mouth']>[number]): Drawing => ({
  mouth: [variant],
  mouthColor: ['dc1c3f'],
});

const glasses = (variant: NonNullable<Options['glasses']>[number], color: string): Drawing => ({
  glasses: [variant],
  glassesColor: [color],
  glassesProbability: 100,
});

const hat = (variant: NonNullable<Options['hat']>[number], color: string): Drawing => ({
  hat: [variant],
  hatColor: [color],
  hatProbability: 100,
});

const beard = (variant: NonNullable<Options['beard']>[number]): Drawing => ({
  beard: [variant],
  beardProbability: 100,
});

const shirt = (color: string): Drawing => ({ clothing: ['variant04'], clothingColor: [color] });

const eyes = (variant: NonNullable<Options['eyes']>[number]): Drawing => ({ eyes: [variant], eyesColor: ['3c4a5c'] });

/**
 * The drawing of each value of each attribute. It has no random part, so that two faces with the same attributes differ only in
 * their eyes. One can tell the values apart in 16 × 16 pixels, with any other attributes. No hat hides all of the hair, and nobody is bald, so that
 * the colour of the hair is always visible. A beard has the colour of the hair.
 */
export const drawings = {
  hair: {
    short: { hair: ['short17'] },
    curly: { hair: ['long15'] },
    bob: { hair: ['long21'] },
    long: { hair: ['long13'] },
    pigtails: { hair: ['long18'] },
  },
  hairColor: {
    black: { hairColor: ['14141f'] },
    brown: { hairColor: ['9a5b2a'] },
    blond: { hairColor: ['f5c518'] },
    orange: { hairColor: ['ea7325'] },
    blue: { hairColor: ['1f86d8'] },
    green: { hairColor: ['3aa655'] },
  },
  skin: { pale: { skinColor: ['f8d9b4'] }, tan: { skinColor: ['d39a66'] }, dark: { skinColor: ['553319'] } },
  mouth: {
    happy: mouth('happy09'),
    laughing: mouth('happy12'),
    neutral: mouth('sad06'),
    sad: mouth('sad01'),
    surprised: mouth('happy01'),
  },
  glasses: { none: {}, clear: glasses('light07', '323232'), dark: glasses('dark03', '111111') },
  hat: {
    none: {},
    cap: hat('variant07', 'c0392b'),
    'top hat': hat('variant06', '2b2b33'),
    beanie: hat('variant03', '2e8b57'),
  },
  beard: { none: {}, goatee: beard('variant02'), full: beard('variant08') },
  clothing: {
    red: shirt('d11141'),
    yellow: shirt('ffc425'),
    green: shirt('00a152'),
    blue: shirt('2f6fd0'),
    black: shirt('2a2a2e'),
    white: shirt('f7f7f7'),
  },
  background: {
    blue: { backgroundColor: ['b6e3f4'] },
    pink: { backgroundColor: ['ffc2d1'] },
    green: { backgroundColor: ['c3ecc0'] },
    yellow: { backgroundColor: ['fff0b8'] },
    purple: { backgroundColor: ['cbb9f2'] },
  },
} satisfies { readonly [A in Attribute]: Readonly<Record<Attributes[A], Drawing>> };

/** The eyes of faces, chosen at random. They are not an attribute, so that the faces of one request differ. */
export const gazes = {
  left: eyes('variant08'),
  ahead: eyes('variant06'),
  right: eyes('variant07'),
} satisfies Record<string, Drawing>;
