"""Stand-in Meta Graph API and AI providers, spoken to over real HTTP on 127.0.0.1.

For the demo, the tests and the benchmarks. Imports nothing of the product, and the product never
knows that it talks to this. Start it with `python -m hirocrm.sandbox`, or from Python with
`hirocrm.sandbox.server.SandboxServer`; docs/sandbox.md tells the rest.

    wire.py        HTTP/1.1 on asyncio: requests in, replies out, and the ways a connection fails
    app.py         which service a request is for; faults and the call log around each
    faults.py      what goes wrong, for whom, how many times
    graph/         Meta: pages, conversations, tokens, login, sending
    llm/           Gemini, OpenAI and Anthropic endpoints over one small rule-based model
    control.py     /_control: change and read all of it while it runs
    server.py      the process as a context manager, with methods that tell a story
    samples.py     conversations: the demo's, any JSONL file's
"""
