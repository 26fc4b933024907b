import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../shared/settings.js';
import type { Event, Opened } from './event.js';
import { eventsOf, hashOf } from './links.js';
import { firstPage, turned } from './page.js';

const opened: Opened = { _tag: 'Opened', settings: defaultSettings, folder: '/' };
const after = (...events: readonly Event[]) =>
  events.reduce((page, event) => turned(page, event)[0], firstPage(opened));
const followed = (hash: string) => after(...eventsOf(hash));

describe('the link of the page', () => {
  test('states the first figure, and others once their choices change', () => {
    expect(hashOf(firstPage(opened))).toBe('#digit=2&seed=1&path=cosine&t=400');
    const page = after(
      { _tag: 'GuidanceSet', guidance: 4 },
      { _tag: 'StepsSet', steps: 50 },
      { _tag: 'ClassToggled', label: 7 },
      { _tag: 'PlaneSet', query: 'points=ring' },
      { _tag: 'RemovingSet', query: 'column=3' },
      { _tag: 'RemovingSet', query: 'byClass=no' },
      { _tag: 'GuidingSet', query: 'guide=4' },
      { _tag: 'MorphSet', query: 'to=5' },
    );
    expect(hashOf(page)).toContain('&points=ring&');
    expect(hashOf(page)).toContain('&column=3&byClass=no&guide=4&');
    expect(hashOf(page)).toContain('&scale=4&steps=50&drawSeed=1&classes=7&from=3&to=5');
    const other = followed(hashOf(page));
    expect(other.drawing).toMatchObject({ guidance: 4, steps: 50, seed: 1, classes: [7] });
    expect(other.removing).toMatchObject({ column: 3, byClass: false });
    expect([other.guiding.seed, other.morph.from, other.morph.to]).toEqual([4, 3, 5]);
    expect(hashOf(other)).toBe(hashOf(page));
  });

  test('holds a drawing of the plane, byte for byte', () => {
    const page = after(
      { _tag: 'PlaneBrushToggled' },
      { _tag: 'PlanePointed', to: { x: 255, y: 250 } },
      { _tag: 'PlanePointed', to: { x: 3, y: 62 } },
      { _tag: 'PlaneStroked' },
    );
    // the bytes 255, 250, 3, 62 are //oDPg== in base64
    expect(hashOf(page)).toContain('points=drawn');
    expect(hashOf(page)).toMatch(/&drawn=__oDPg$/);
    const { plane } = followed(hashOf(page));
    expect([plane.shape, ...plane.points]).toEqual([null, 255, 250, 3, 62]);
  });

  test.each(['scale=6.5', 'scale=-1', 'steps=0', 'steps=61', 'steps=2.5', 'drawSeed=x', 'classes=12a', 'classes='])(
    'drops an invalid part alone: %s',
    (wrong) => {
      const [name] = wrong.split('=');
      const valid = ['scale=4', 'steps=50', 'drawSeed=9', 'classes=37'].map((part) =>
        part.startsWith(`${name}=`) ? wrong : part,
      );
      const expected = { guidance: 4, steps: 50, seed: 9, classes: [3, 7] };
      const { guidance, steps, seed, classes } = firstPage(opened).drawing;
      const [field, first] = {
        scale: ['guidance', guidance] as const,
        steps: ['steps', steps] as const,
        drawSeed: ['seed', seed] as const,
        classes: ['classes', classes] as const,
      }[name as 'scale'];
      expect(followed(`#${valid.join('&')}`).drawing).toMatchObject({ ...expected, [field]: first });
    },
  );

  test.each(['drawn=', 'drawn=%', 'drawn=AAAA', `drawn=${'A'.repeat(4000)}`])(
    'drops an invalid drawing alone: %s',
    (wrong) => {
      const { plane } = followed(`#points=drawn&${wrong}&pointSteps=5`);
      expect([plane.shape, plane.steps]).toEqual(['spiral', 5]);
    },
  );

  test.each(['column=11', 'column=2.5', 'column=', 'guide=x', 'guide=-1', 'from=4', 'to=23'])(
    'drops an invalid choice alone: %s',
    (wrong) => {
      const { removing, guiding, morph } = followed(`#byClass=no&${wrong}`);
      const first = firstPage(opened);
      expect({ removing, guiding, morph }).toEqual({
        removing: { ...first.removing, byClass: false },
        guiding: first.guiding,
        morph: first.morph,
      });
    },
  );

  test('wants the network for a figure that it draws', () => {
    const last = (hash: string) => eventsOf(hash).at(-1)?._tag;
    expect(last('#t=400&figure=removing')).toBe('NetworkWanted');
    expect(last('#figure=use')).toBe('NetworkWanted');
    expect(last('#figure=faces')).toBe('FacesWanted');
    expect(last('#t=400&figure=noising')).toBe('MorphSet');
  });

  test('is empty for a page without one', () => {
    for (const hash of ['', '#', '#plane']) expect(eventsOf(hash)).toEqual([]); // the last is of the menu
  });
});
