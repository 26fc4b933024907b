/** The programs of docs/evaluation.md, with fewer images. */
import { testPage } from './page.js';

testPage('docs/evaluation.md', (text) => text.replaceAll('2000', '400').replaceAll('300', '100'));
