// What pages do beyond links and forms, which work without it.
import "./copy";
import "./menu";
import "./suggest";
import "./live";
import "./keys";
import "./wait";
import "./changes";
import "./listing";
import "./offer";
import "./send";
