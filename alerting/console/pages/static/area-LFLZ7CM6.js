import"./chunk-SQE76S5B.js";function e(t){}export{e as start};
