/** The state of the page, and its changes by events. */
import { blank, drew, type Drawing } from './drawing.js';
import { bare, type Easel, repaired } from './easel.js';
import type { Event, Moved, Opened } from './event.js';
import { blank as noFaces, faced, type Faces } from './faces.js';
import { guided, type Guiding, unguided } from './guiding.js';
import { learned, type Learning, preparing } from './learning.js';
import { type Morph, morphed, still } from './morph.js';
import { noticed, type Notices } from './notices.js';
import { absent, isLate, shipped, type Shipped } from './network.js';
import { noised, type Noising, plain } from './noising.js';
import { firstPlane, planed, type Plane } from './plane.js';
import { removed, type Removing, untouched } from './removing.js';
import { said } from './said.js';

export interface Page {
  readonly noising: Noising;
  readonly network: Shipped;
  readonly removing: Removing;
  readonly guiding: Guiding;
  readonly faces: Faces;
  readonly plane: Plane;
  readonly learning: Learning;
  readonly drawing: Drawing;
  readonly easel: Easel;
  readonly morph: Morph;
  readonly notices: Notices;
  /** The latest announcement for screen readers. */
  readonly said: string;
  /** The first event. */
  readonly opened: Opened;
}

export const firstPage = (opened: Opened): Page => ({
  noising: plain,
  network: absent,
  removing: untouched,
  guiding: unguided,
  faces: noFaces,
  plane: firstPlane,
  learning: preparing,
  drawing: blank,
  easel: bare,
  morph: still,
  notices: [],
  said: '',
  opened,
});

/** The page after an event, and its effects. */
export const turned = (page: Page, event: Event): Moved<Page> => {
  if (isLate(page.network, event)) return [page, []];
  const [noising, ofNoising] = noised(page.noising, event);
  const [learning, ofLearning] = learned(page.learning, event);
  const [network, ofNetwork] = shipped(page.network, event, learning);
  const [removing, ofRemoving] = removed(page.removing, event, noising, network);
  const [guiding, ofGuiding] = guided(page.guiding, event, network);
  const [faces, ofFaces] = faced(page.faces, event);
  const [plane, ofPlane] = planed(page.plane, event);
  const [drawing, ofDrawing] = drew(page.drawing, event, network);
  const [easel, ofEasel] = repaired(page.easel, event, drawing, network, noising);
  const [morph, ofMorph] = morphed(page.morph, event, network, noising);
  const notices = noticed(page.notices, event, page.opened);
  return [
    {
      ...page,
      noising,
      network,
      removing,
      guiding,
      faces,
      plane,
      learning,
      drawing,
      easel,
      morph,
      notices,
      said: said(event, learning, drawing) ?? page.said,
    },
    [
      ...ofNoising,
      ...ofPlane,
      ...ofRemoving,
      ...ofGuiding,
      ...ofLearning, // which may employ another worker
      ...ofNetwork,
      ...ofFaces,
      ...ofDrawing,
      ...ofEasel,
      ...ofMorph,
    ],
  ];
};
