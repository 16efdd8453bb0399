import "../shared/i18n.js";
