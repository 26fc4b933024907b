/** Convolutions and filter gradients on strided operands, and the places of their operands. */
import type { Place } from '../stage/stage.js';
import type { ConvGeometry, FilterStrides, ImageStrides } from './geometry.js';

/** Extents and strides of a convolution; strides in elements. */
export interface ConvProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly filter: FilterStrides;
  /** The channel stride must be 1. */
  readonly y: ImageStrides;
}

/** The places of element [0, 0, 0, 0] of each operand, and of the scratch. */
export interface ConvPlaces {
  readonly x: Place;
  readonly filter: Place;
  readonly y: Place;
  readonly scratch: Place;
}

/**
 * Extents and strides of a filter gradient. The geometry is that of the forward convolution; strides are in elements.
 */
export interface FilterGradientProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly dy: ImageStrides;
  readonly filter: FilterStrides;
}

/** The places of element [0, 0, 0, 0] of each operand, and of the scratch. */
export interface FilterGradientPlaces {
  readonly x: Place;
  readonly dy: Place;
  readonly filter: Place;
  readonly scratch: Place;
}
