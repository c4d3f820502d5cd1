// What a hand needs beyond the server's pages. Every page works without this file.
import { bindKeys } from "./keys.js";
import { bindSuggestions } from "./suggest.js";
import { bindViewer } from "./viewer.js";
import { bindPreview } from "./preview.js";
import { bindUpload } from "./upload.js";
import { bindAssign } from "./assign.js";
import { bindCopy } from "./copy.js";
import { bindScan } from "./scan.js";
import { bindStacks } from "./stacks.js";
import { bindStock } from "./stock.js";
import { bindHelp, bindMenus } from "./menus.js";
import { bindPartials } from "./partials.js";

bindPartials();
bindMenus();
bindHelp();
bindCopy();
bindSuggestions();
bindPreview();
bindViewer();
bindUpload();
bindAssign();
bindStacks();
bindScan();
bindStock();
bindKeys();
