/** The events and the effects of the page. */
import type { Attribute } from '../../faces/attributes.js';
import type { Pixels, Plane, Report, Request } from '../shared/messages.js';
import type { Settings } from '../shared/settings.js';
import type { Curve } from './curve.js';
import type { Cell, Region } from './mask.js';

export interface Opened {
  readonly _tag: 'Opened';
  readonly settings: Settings;
  /** The URL of the folder of the page. */
  readonly folder: string;
}

/** A report of the worker, or an action of the user or the browser. */
export type Event =
  | Report
  /** The page has loaded, or its worker must be replaced. */
  | Opened
  | { readonly _tag: 'Crashed'; readonly message: string }
  /** The curves of the loss that this browser kept with the training. */
  | { readonly _tag: 'CurveFound'; readonly curve: Curve }
  | { readonly _tag: 'Hid'; readonly hidden: boolean }
  | { readonly _tag: 'Ticked'; readonly milliseconds: number }
  | { readonly _tag: 'Complained'; readonly title: string; readonly message: string }
  | { readonly _tag: 'NoticeClosed'; readonly about: string }
  // noising
  /** The numbers of the figure were loaded; `drifts` if time may go to and fro until the user touches the page. */
  | { readonly _tag: 'NoisingLoaded'; readonly file: ArrayBuffer; readonly drifts?: boolean }
  | { readonly _tag: 'DriftStarted' }
  /** A part of the figure was chosen, or all by the hash of the URL: `t=640&digit=3`. */
  | { readonly _tag: 'NoisingSet'; readonly query: string }
  // the shipped network
  | { readonly _tag: 'NetworkWanted' }
  | { readonly _tag: 'NetworkChosen'; readonly network: 'shipped' | 'own' }
  // removing
  /** A choice, or all by the hash of the URL: `column=3&byClass=no`. */
  | { readonly _tag: 'RemovingSet'; readonly query: string }
  // guiding
  | { readonly _tag: 'GuidePressed' }
  /** The noise of the digits, by the hash of the URL: `guide=2`. */
  | { readonly _tag: 'GuidingSet'; readonly query: string }
  // the faces
  | { readonly _tag: 'FacesWanted' }
  | { readonly _tag: 'FacesPressed' }
  /** Null leaves the attribute open. */
  | {
      readonly _tag: 'AttributeChosen';
      readonly end: 'face' | 'other';
      readonly name: Attribute;
      readonly value: string | null;
    }
  /** All by the hash of the URL: `face=302012043&other=1..4`. */
  | { readonly _tag: 'FacesSet'; readonly query: string }
  // the plane
  /** The plane came into view, or left it; `still` if the user prefers no motion. */
  | { readonly _tag: 'PlaneInView'; readonly inView: boolean; readonly still: boolean }
  /** A choice, or all by the hash of the URL: `points=ring&predicts=v`. */
  | { readonly _tag: 'PlaneSet'; readonly query: string }
  | { readonly _tag: 'PlanePlayToggled' }
  | { readonly _tag: 'PlaneTrainPressed' }
  | { readonly _tag: 'PlaneBrushToggled' }
  | { readonly _tag: 'PlanePointed'; readonly to: Cell }
  /** The end of a stroke. */
  | { readonly _tag: 'PlaneStroked' }
  | { readonly _tag: 'PlaneCursorMoved'; readonly by: Cell }
  | { readonly _tag: 'PlaneCursorUsed' }
  // learning
  | { readonly _tag: 'DigitsWanted' }
  | { readonly _tag: 'TrainPressed' }
  | { readonly _tag: 'RestPressed' }
  | { readonly _tag: 'AnewPressed' }
  | { readonly _tag: 'SavePressed' }
  | { readonly _tag: 'FileGiven'; readonly name: string; readonly bytes: Pixels }
  // drawing
  /** Choices by the hash of the URL: `scale=2&steps=50`. */
  | { readonly _tag: 'DrawingSet'; readonly query: string }
  | { readonly _tag: 'ClassToggled'; readonly label: number }
  | { readonly _tag: 'AllClassesPressed' }
  | { readonly _tag: 'GuidanceSet'; readonly guidance: number }
  | { readonly _tag: 'StepsSet'; readonly steps: number }
  | { readonly _tag: 'DrawPressed' }
  | { readonly _tag: 'Scrubbed'; readonly index: number }
  | { readonly _tag: 'PlayToggled' }
  | { readonly _tag: 'SideChosen'; readonly side: 'image' | 'guess' }
  // repair
  | { readonly _tag: 'DigitAsked' }
  | { readonly _tag: 'DigitPicked'; readonly image: Pixels; readonly label: number }
  | { readonly _tag: 'Brushed'; readonly from: Cell; readonly to: Cell }
  | { readonly _tag: 'CursorMoved'; readonly by: Cell }
  | { readonly _tag: 'CursorUsed' }
  /** A tap on the digit takes the brush, and one beside it puts it down. */
  | { readonly _tag: 'BrushHeld'; readonly held: boolean }
  | { readonly _tag: 'BrushSet'; readonly radius: number }
  | { readonly _tag: 'EraserToggled' }
  | { readonly _tag: 'InkToggled' }
  /** A blank sheet in place of the digit. */
  | { readonly _tag: 'PaperPressed' }
  | { readonly _tag: 'StrengthSet'; readonly t: number }
  | { readonly _tag: 'ChangePressed' }
  | { readonly _tag: 'RegionChosen'; readonly region: Region }
  | { readonly _tag: 'FillAsSet'; readonly as: FillAs }
  | { readonly _tag: 'FillPressed' }
  // morphing
  /** An end, or both by the hash of the URL: `from=3&to=8`. */
  | { readonly _tag: 'MorphSet'; readonly query: string }
  | { readonly _tag: 'MorphPressed' };

/** The class that an image is repaired as: its own, any, or a given one. */
export type FillAs = 'same' | 'any' | number;

/** The effects of the page. */
export type Effect =
  | { readonly _tag: 'Post'; readonly request: Request }
  /** Sends a request to the worker of the plane, which is made at the first one. */
  | { readonly _tag: 'PostPlane'; readonly request: Plane }
  /** Replaces the worker, and sends a first request. */
  | { readonly _tag: 'Employ'; readonly request: Request }
  /** Replaces the hash of the URL by that of the page. */
  | { readonly _tag: 'Link' }
  /** Keeps the curves of the loss in this browser. */
  | { readonly _tag: 'KeepCurve'; readonly text: string }
  | { readonly _tag: 'Download'; readonly name: string; readonly bytes: Pixels };

/** A part of the page after an event, and its effects. */
export type Moved<S> = readonly [state: S, effects: readonly Effect[]];

export const post = (request: Request): Effect => ({ _tag: 'Post', request });

export const LINK: Effect = { _tag: 'Link' };
