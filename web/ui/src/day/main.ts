/** The pages of the day: the list, a hearing before it is opened, importing a list. Everything but the upload works without it, too. */

import "./check.js";
import "./list.js";
import "./seats.js";
import "./upload.js";
