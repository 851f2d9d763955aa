"""What can be broken in the lab, by the slug of the cause. One module for each link of the chain.

To add a scenario: open the module of its stage and write a function that changes a healthy `Setup`, decorated with
`@scenario("the-cause-slug", touches=…)`. `touches` lists what the function takes for itself, so that two scenarios that
would undo each other are refused. A variant of a cause has a name after a slash: `net-no-greeting/refused`. Scenarios
are applied in the order of the chain, whatever order they are asked for in. Nothing that a function puts into the world
may tell its name: ids come from `new_id()`, names are what an administrator would type.
"""
