/** The images of MNIST: 28 by 28. */
export const SIDE = 28;
export const AREA = SIDE * SIDE;

/** How many classes there are; as a label, the number of them is no class. */
export const CLASSES = 10;
