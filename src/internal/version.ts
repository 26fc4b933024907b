/** The version of the package: results that must have equal bits are compared by it. A test compares it with package.json. */
export const VERSION = '0.1.0';
