/** The images of MNIST: 28 by 28. */
export const SIDE = 28;
export const AREA = SIDE * SIDE;

/** The numbers of training digits, equally many of each class, and of held-out digits in the file of the page. */
export const TRAINED = 6000;
export const HELD_OUT = 256;
/** The number of classes; as a label it means no class. */
export const CLASSES = 10;
