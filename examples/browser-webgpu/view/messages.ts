/** The view of the notices. */
import type { Event } from '../page/event.js';
import type { Notice, Notices } from '../page/notices.js';
import { button, byId, element, type Part } from './elements.js';

export const messagesPart = (happened: (event: Event) => void): Part<Notices> => {
  const place = byId('notices', HTMLDivElement);
  const train = byId('train', HTMLButtonElement);
  const seen = new Map<Notice, HTMLElement>();

  const shown = ({ about, tone, title, text, details, actions }: Notice): HTMLElement =>
    element(
      'div',
      { class: `notice ${tone}`, role: tone === 'note' ? 'status' : 'alert' },
      element(
        'div',
        {},
        element('p', {}, element('strong', {}, title), text),
        ...(details === undefined ? [] : [element('details', {}, element('summary', {}, 'Details'), details)]),
      ),
      element('div', { class: 'acts' }, ...actions.map(({ label, event }) => button({}, () => happened(event), label))),
      button({ class: 'close', 'aria-label': `Close: ${title}` }, () => happened({ _tag: 'NoticeClosed', about }), '✕'),
    );

  return (notices) => {
    for (const [notice, gone] of seen) {
      if (notices.includes(notice)) continue;
      seen.delete(notice);
      const hadFocus = gone.contains(document.activeElement);
      gone.remove();
      if (hadFocus) train.focus(); // otherwise it would be lost
    }
    for (const notice of notices) {
      if (seen.has(notice)) continue;
      const made = shown(notice);
      seen.set(notice, made);
      place.append(made);
    }
  };
};
