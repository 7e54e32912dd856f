export const style = "body { margin: 0 }";
