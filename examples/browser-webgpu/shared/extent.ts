/** The images of MNIST: 28 by 28. */
export const SIDE = 28;
export const AREA = SIDE * SIDE;

/** The numbers of digits in the file of the page: to train on, the same number of each class, and held out. */
export const TRAINED = 6000;
export const HELD_OUT = 256;
/** The number of classes; as a label it means no class. */
export const CLASSES = 10;
