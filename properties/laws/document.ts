/** Laws as a page. */
import type { Backend } from 'noisefold/backend';
import { backendLaws } from './backends.js';
import { boundLaws } from './bounds/bounds.js';
import { channelLaws } from './channels.js';
import { compilationLaws } from './compilation.js';
import { conditionLaws } from './conditions.js';
import { derivativeLaws } from './derivatives.js';
import { fewStepLaws } from './fewSteps.js';
import { guidanceLaws } from './guidance.js';
import { keyLaws } from './keys.js';
import type { Law } from './law.js';
import { momentLaws } from './moments.js';
import { noisingLaws } from './noisings.js';
import { pathLaws } from './paths.js';
import { scheduleLaws } from './schedules.js';
import { solverLaws } from './solvers.js';
import { transformationLaws } from './transformations.js';

const cell = (text: string): string => text.replaceAll(/[|\\*_<>]/g, (mark) => `\\${mark}`);

const table = (laws: readonly Law[]): readonly string[] => {
  const names = [...new Set(laws.map(({ name }) => name))];
  const rows = names.map((name) => {
    const { formula, source } = laws.find((law) => law.name === name)!;
    return `| ${[name, formula, source].map(cell).join(' | ')} |`;
  });
  const subjects = [...new Set(laws.flatMap(({ subject }) => subject ?? []))];
  return [
    '| law | formula | source |',
    '| --- | --- | --- |',
    ...rows,
    ...(subjects.length === 0 ? [] : ['', `For each of: ${subjects.map(cell).join(', ')}.`]),
  ];
};

/** All laws; what those of backends say is the same for each. */
export const lawsPage = (backend: Backend): string => {
  const chapters: Readonly<Record<string, readonly Law[]>> = {
    'Channels (`channelLaws`)': channelLaws,
    'Processes (`noisingLaws`)': noisingLaws,
    'Continuous paths (`pathLaws`)': pathLaws,
    'Schedules (`scheduleLaws`)': scheduleLaws,
    'Solvers (`solverLaws`)': solverLaws,
    'The bound (`boundLaws`)': boundLaws,
    'Conditions (`conditionLaws`)': conditionLaws,
    'Few steps (`fewStepLaws`)': fewStepLaws,
    'Guidance (`guidanceLaws`)': guidanceLaws,
    'Keys (`keyLaws`)': keyLaws,
    'Moments of features (`momentLaws`)': momentLaws,
    'Derivatives (`derivativeLaws`)': derivativeLaws,
    'Transformations (`transformationLaws`)': transformationLaws,
    'The compiler (`compilationLaws`)': compilationLaws,
    'Backends (`backendLaws(backend)`)': backendLaws(backend),
  };
  return [
    '# The laws',
    '',
    'The laws of noisefold, which `npm test` checks on random samples. `noisefold/laws` exports them as values.',
    'c∘b is b, then c. A _rounding_ is 2⁻⁵³, the relative error of one operation in float64. _At 6 σ_ allows an error of six',
    'standard errors of the mean.',
    '`npm run laws` generates this page.',
    ...Object.entries(chapters).flatMap(([title, laws]) => ['', `## ${title}`, '', ...table(laws)]),
    '',
  ].join('\n');
};
