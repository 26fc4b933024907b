/** Images on their way from noise to what they are in the end. */
import type { Pixels, Report } from '../shared/messages.js';

export interface Still {
  /** The timestep. */
  readonly t: number;
  /** x_t, one image after another. */
  readonly image: Pixels;
  /** x̂₀: what the network makes of it. */
  readonly guess: Pixels;
}

export interface Film {
  readonly id: number;
  /** The class of each image. */
  readonly labels: readonly number[];
  /** How many updates the network had when it was asked for. */
  readonly learned: number;
  /** How many steps there are; a film that is done has one still more. */
  readonly of: number;
  readonly stills: readonly Still[];
}

export const isDone = ({ stills, of }: Film): boolean => stills.length > of;

/** A film with another still. One that belongs to another film changes nothing. */
export const withFrame = (
  film: Film,
  { id, index, of, t, image, guess }: Extract<Report, { readonly _tag: 'Frame' }>,
): Film =>
  id === film.id && index === film.stills.length
    ? { ...film, of, stills: [...film.stills, { t, image, guess }] }
    : film;
