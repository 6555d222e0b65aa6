/** Starts the screens of the station in the browser. */
import { mount } from "svelte";
import App from "./App.svelte";
import "./ui/fonts.css";
import "./ui/theme.css";
import { language } from "./i18n/i18n.svelte.ts";

language.restore();
const target = document.getElementById("app");
if (target) mount(App, { target });

// All letters now: the band that says "cut off" must be readable when the server cannot be asked for them any more.
for (const face of document.fonts) face.load().catch(() => undefined);
