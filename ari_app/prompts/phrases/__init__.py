"""The prompts of every moment, by listener: names of prompts in the order in which they are heard. Pure.

| module | listener |
|---|---|
| `caller` | the citizen who called us |
| `callback_caller` | the citizen who will be called back |
| `operator` | the operator, at login, between calls and in a call |
| `callback_operator` | the operator who makes or promises a callback |
| `colleague` | the colleague to whom a caller is transferred |
| `parts` | nobody by itself: numbers, names and times that several of these use |

Import them as `to_caller`, `to_operator` and so on. A phrase is played as one ARI play with several media:
`ari_app.prompts.voice` finds the media of its names.
"""
