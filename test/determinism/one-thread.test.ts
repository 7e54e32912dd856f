import { testRepeats } from "./repeats.ts";

testRepeats(1);
