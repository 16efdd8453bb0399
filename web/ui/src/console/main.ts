/** The courtroom console. */

import "./hearing.js";
