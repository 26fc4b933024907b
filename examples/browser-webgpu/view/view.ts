/** The view of the whole page. */
import type { Event } from '../page/event.js';
import type { Page } from '../page/page.js';
import { easelPart } from './easel.js';
import { byId, memo, memoOf, type Part, setText } from './elements.js';
import { facesPart } from './faces.js';
import { filmPart } from './film.js';
import { type Guide, guidingPart } from './guiding.js';
import { learnPart } from './learn.js';
import { lossPart } from './loss.js';
import { messagesPart } from './messages.js';
import { morphPart, type Use } from './morph.js';
import { noisingPart } from './noising.js';
import { planePart } from './plane.js';
import { toolsPart, waysPart } from './repair.js';
import { type Removal, removingPart } from './removing.js';
import { steerPart } from './steer.js';

/** Connects the page to events, and returns the function that draws it. */
export const view = (happened: (event: Event) => void): Part<Page> => {
  const said = byId('said', HTMLParagraphElement);
  const noising = memo(noisingPart(happened));
  const removing = memoOf<Removal>(({ removing: one, noising: two, network }) => [one, two, network])(
    removingPart(happened),
  );
  const guiding = memoOf<Guide>(({ guiding: one, network }) => [one, network])(guidingPart(happened));
  const faces = memo(facesPart(happened));
  const plane = memo(planePart(happened));
  const learning = [learnPart(happened), lossPart()].map(memo);
  const drawing = [filmPart, steerPart].map((part) => memo(part(happened)));
  const easel = [easelPart, toolsPart, waysPart].map((part) => memo(part(happened)));
  const use = memoOf<Use>(({ morph, network }) => [morph, network])(morphPart(happened));
  const notices = memo(messagesPart(happened));
  return (page) => {
    noising(page.noising);
    removing(page);
    guiding(page);
    faces(page.faces);
    plane(page.plane);
    for (const part of learning) part(page.learning);
    for (const part of drawing) part(page.drawing);
    for (const part of easel) part(page.easel);
    use(page);
    notices(page.notices);
    setText(said, page.said);
  };
};
