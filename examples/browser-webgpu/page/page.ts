/** The whole page: what it is, and what an event makes of it. */
import { blank, drew, type Drawing } from './drawing.js';
import { bare, type Easel, repaired } from './easel.js';
import type { Event, Moved, Opened } from './event.js';
import { learned, type Learning, preparing } from './learning.js';
import { noticed, type Notices } from './notices.js';
import { said } from './said.js';

export interface Page {
  readonly learning: Learning;
  readonly drawing: Drawing;
  readonly easel: Easel;
  readonly notices: Notices;
  /** What a screen reader is told, the last. */
  readonly said: string;
  /** The event with which it began. */
  readonly opened: Opened;
}

export const firstPage = (opened: Opened): Page => ({
  learning: preparing,
  drawing: blank,
  easel: bare,
  notices: [],
  said: '',
  opened,
});

/** The page after an event, and what it does. */
export const turned = (page: Page, event: Event): Moved<Page> => {
  const [learning, ofLearning] = learned(page.learning, event);
  const [drawing, ofDrawing] = drew(page.drawing, event);
  const [easel, ofEasel] = repaired(page.easel, event, drawing);
  const notices = noticed(page.notices, event, page.opened);
  return [
    { ...page, learning, drawing, easel, notices, said: said(event, learning, drawing) ?? page.said },
    [...ofLearning, ...ofDrawing, ...ofEasel],
  ];
};
