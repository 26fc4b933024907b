/** The reason why `npm test` skips long tests and those on a GPU or in a browser; empty in `npm run test:all`. */
export const notAsked = process.env['NOISEFOLD_TESTS'] === 'all' ? '' : 'only npm run test:all runs it';
