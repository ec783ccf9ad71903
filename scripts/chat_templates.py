"""The templates, expressions and conversations of export_chat_cases.py."""

VARIABLES = {
    "word": "Grüne, \U0001f600 <b>\"x\"</b> it's",
    "spaced": "\x1c\x1d \t\n text \x85\x1f\x1e\u3000",
    "empty": "",
    "line": "a b  c\n d",
    "zero": 0,
    "seven": 7,
    "half": 2.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "numbers": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "nested": {"a": {"b": [1, {"c": "deep"}]}, "items": "shadowed", "k": None},
    "people": [{"name": "Bob", "age": 5, "on": True}, {"name": "al", "age": 3, "on": False}, {"name": "Cy", "age": 5}],
    "mixed": [1, "a", None, True, 2.5, [], {}],
}

EXPRESSIONS = """
'a' ~ 1 ~ none ~ true ~ 2.0 ~ missing
word
mixed
nested
(1,)
()
(1, 'a', none)
[1, [2, (3,)], {'a': 'it\\'s'}]
"it's"
['it\\'s', "say \\"x\\"", 'both \\' and "']
'\\x41\\u00e9\\U0001F600\\101\\q\\n|' ~ ['\\n\\t\\\\\\x00\\x7f']
'one' 'two'
spaced ~ [spaced]
1.0
1e16
1e15
123456789012345678
0.1 + 0.2
1e-5
0.0001
1.5e300 * 1e10
-0.0
100000000000000000000.0
7 / 2
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 % 2
-7.5 // 2
2 ** 10
2 ** -1
2 ** 0.5
-2 ** 2
2 ** 3 ** 2
1 / 0
1 % 0
true + true
'a' * 3
3 * [1, 2]
'a' + 1
1 + 'a'
[1] + (2,)
[1] + [2]
none + 1
missing + 1
missing ~ 1
1 < 2 < 3
1 < 2 > 3
1 == 1.0 == true
'a' < 'b'
'a' < 1
[1, 2] < [1, 3]
none < 1
'\\uffff' < '\\U00010000'
1 in numbers
4 not in numbers
'b' in word
'b' in nested
'a' in nested
1 in 'abc'
1 in missing
not 1 in numbers
not none
yes and 'x' or 'y'
no or nothing or 'z'
0 or ''
missing or 'default'
1 if yes
1 if no
'a' if no else 'b' if no else 'c'
(1 if no) is defined
-seven|abs
- 1
+1
-'a'
numbers[0]
numbers[-1]
numbers[9]
numbers[9].x
numbers['0']
numbers[true]
numbers.0
numbers[::-1]
numbers[1:]
numbers[:-1]
numbers[-2:9]
numbers[::2]
numbers[5:1:-1]
numbers[::0]
word[0] ~ word[-1] ~ word[7] ~ word[1:3] ~ word[::-1]
'abc'[-10:2] ~ 'abc'[10:] ~ 'abc'[2::-1]
nested.a.b[1].c
nested['a']['b'][0]
nested.x
nested.x.y
nested['items']
nested.items is callable
nested.get('k', 'd') ~ nested.get('x', 'd') ~ nested.get('x')
nested.keys()|list
nested.values()|list
nested.items()|list
nested.items()|length
nested.keys()[0] is defined
(nested|items|list)[0][0]
missing.x
missing['x']
missing()
none.x
none.x is defined
word.foo is defined
numbers.append(1)
numbers.append is defined
nested.update({})
nested.pop('a')
nested.__class__
word.__class__
1.5.x
'x' is defined
missing is defined
missing is undefined
nothing is none
missing is none
word is string
1 is string
1 is number
true is number
1 is integer
true is integer
1.0 is float
true is boolean
nested is mapping
numbers is mapping
numbers is iterable
word is iterable
1 is iterable
missing is iterable
numbers is sequence
nested is sequence
word is sequence
1 is sequence
true is true
1 is true
false is false
0 is false
3 is odd
4 is even
6 is divisibleby 3
6 is divisibleby(4)
1 is eq 1
1 is equalto(2)
1 is ne 2
2 is gt 1
2 is ge 2
1 is lt 2
1 is le 0
1 is in numbers
none is sameas none
1 is not none
missing is not defined and 1
word is defined or 2
seven is not divisibleby 2
word|upper|lower
'hello wORLD-foo bar'|title
'hello wORLD'|capitalize
'hELLO wORLD'|lower ~ 'x'|upper
'hello w0rld-foo\\'s'.title()
'hELLO'.capitalize()
spaced|trim ~ '|'
spaced.strip() ~ '|' ~ spaced.lstrip() ~ '|' ~ spaced.rstrip() ~ '|'
'xxaxx'|trim('x')
'xyaxy'.strip('yx') ~ 'xa'.lstrip('x') ~ 'ax'.rstrip('x')
missing|trim ~ '|'
12|trim
'a,b,,c'.split(',')
'a,b,,c'.split(',', 1)
'a,b,,c'.rsplit(',', 1)
line.split()
line.split(none, 1)
line.split('')
line.splitlines()
'a\\r\\nb\\x85c\\u2028d\\n'.splitlines()
'abcabc'.replace('b', 'X')
'abcabc'.replace('b', 'X', 1)
'abcabc'|replace('b', 'X')
'abcabc'|replace('b', 'X', 1)
123|replace(2, 9)
'abc'.startswith('ab') ~ 'abc'.endswith('bc') ~ 'abc'.startswith('b')
'abc'.startswith(('x', 'a'))
'abcb'.find('b') ~ 'abcb'.rfind('b') ~ 'abc'.find('x')
'abcb'.count('b')
'\U0001f600b'.find('b')
', '.join(['a', 'b'])
', '.join([1])
'a-b'.removeprefix('a-') ~ 'a-b'.removesuffix('-b')
'abc'.foo()
'abc'.nothing
words|join
words|join(', ')
numbers|join('-')
people|join(', ', attribute='name')
nested|join(',')
word|length
numbers|length
nested|count
missing|length
seven|length
none|length
numbers|first ~ numbers|last
[]|first
[]|first is defined
[]|last|default('none')
nested|first
word|first ~ word|last
seven|first
numbers|list
word[:3]|list
nested|list
none|list
numbers|reverse|list
'abc'|reverse
missing|default('d')
missing|default
nothing|default('d')
nothing|default('d', true)
''|d('e', boolean=true)
missing|default(default_value='v')
numbers|sort
words|sort
words|sort(case_sensitive=true)
numbers|sort(reverse=true)
people|sort(attribute='age')|map(attribute='name')|list
people|sort(attribute='age', reverse=true)|map(attribute='name')|list
people|sort(attribute='age,name')|map(attribute='name')|list
mixed|sort
words|unique|list
[1, 1.0, true, 2]|unique|list
people|map(attribute='on')|list
people|map(attribute='on', default='?')|list
words|map('upper')|list
words|map('replace', 'a', 'z')|list
words|map('upper')|join('+')
words|map('upper')|length
words|map('upper')|first
words|map('upper')|last
mixed|select|list
mixed|reject|list
mixed|select('string')|list
numbers|select('gt', 1)|list
numbers|reject('odd')|list
people|selectattr('on')|map(attribute='name')|list
people|selectattr('age', 'equalto', 5)|map(attribute='name')|list
people|rejectattr('on')|map(attribute='name')|list
people|selectattr('on', 'defined')|list|length
people|rejectattr('age', 'in', [5])|list
none|map('upper')|list
nested|dictsort|map('first')|list
{'b': 1, 'A': 2}|dictsort
{'b': 1, 'A': 2}|dictsort(true)
{'b': 1, 'A': 2}|dictsort(by='value', reverse=true)
nested|items|map('first')|list
missing|items|list
7|items is defined
7|items|list
missing|last
missing|reverse|list
[1] in nested
nested.get([1])
'0.5'|safe|float ~ '7'|safe|int
nested['k'|safe] ~ ('k'|safe in nested)
numbers|sum
people|sum(attribute='age')
[[1], [2]]|sum(start=[])
numbers|min ~ numbers|max
words|max
words|min(case_sensitive=true)
people|max(attribute='age')
[]|min is defined
-3|abs
'3'|int ~ ' 4 '|int ~ '4.7'|int ~ 'x'|int ~ 'x'|int(9) ~ 4.9|int ~ true|int ~ none|int(1)
'1_000'|int
'3.5'|float ~ 'x'|float ~ '1e3'|float ~ 2|float ~ 'x'|float(1.5)
2.5|round ~ 3.5|round ~ 2.675|round(2) ~ 0.125|round(2) ~ 7|round ~ 1234.5|round(-2)
2.4|round(0, 'ceil') ~ 2.45|round(1, 'floor') ~ 7|round(1, 'ceil')
1|string ~ none|string ~ [1]|string
'a\\nb\\n\\nc'|indent
'a\\nb\\n\\nc'|indent(2, true)
'a\\nb\\n\\nc'|indent(width='> ', first=false, blank=true)
'x'|indent ~ ''|indent(first=true)
'<a>'|safe ~ 'b'
'<a> & "b" \\'c\\''|escape
'<a>'|e|string ~ '<'
nested|tojson
mixed|tojson
word|tojson
word|tojson(ensure_ascii=true)
'\\x01\\x1f\\x7f\\u2028\\b\\f</script>'|tojson
nested|tojson(indent=2)
{'b': [], 'a': {}, 'c': [{}]}|tojson(indent=4)
{'b': 1, 'a': [1, 2]}|tojson(sort_keys=true)
{'b': 1, 'a': [1, 2]}|tojson(separators=(',', ':'))
{1: 'a', none: 'b', true: 'c', 2.5: 'd'}|tojson
(1, 2)|tojson
[1e16, 0.1, -0.0]|tojson
missing|tojson
range(3)|tojson
range(3)|list
range(1, 8, 3)|list
range(5, 0, -2)|list
range(3)
range(1, 3)[1]
range(3)|length
range(0)|list
range(1, 2, 0)
range(200000)
dict(a=1, b=2)
dict({'a': 1}, b=2)
namespace(a=1).a
namespace(a=1)['a']
namespace(a=1).b is defined
{'a': 1}['a'] ~ {'a': 1}.a
{1: 'x'}[1.0] ~ {1: 'x'}[true]
{[1]: 2}
{'a': 1, 'a': 2}
{} == {}
[1, {'a': (1,)}] == [1.0, {'a': (1,)}]
(1,) == [1]
missing == missing2
missing == none
'\\ud7ff\\ue000'|length
strftime_now('%Y-%m-%d %H:%M:%S')
strftime_now('%d %b %Y, %A %B %a %y %j %I %p %% %e|%-d %-m')
raise_exception('stop: ' ~ seven)
foo.bar.baz
numbers.index(2) ~ numbers.count(3)
numbers.index(9)
seven.foo is defined
{{ 'x' }}
'x' if
numbers[
[1, 2
a b
1 is
'x'|
(1, 2))
'unclosed
missing_function(1)
word(1)
seven.x
"x" is not string
1.2.3
.5
1_000
1_0.5
1e3
3 is odd is true
[1,2,]|length
{'a':1,}|length
(1,)|length
f(a=1, 2)
nested["a"].b|last
'abc'[1]|upper
(word|upper).lower()
numbers|join(',')|upper
'%s'|length
not true is false
2 is not in numbers
1 is defined is defined
true and not false
'a' in 'abc' and 'd' not in 'abc'
'' in 'abc'
1 == 1 and 2 != 3
1 +1
1+-1
'x'~-1
1--1
2*-3
[-1, +1]
""" .strip("\n").split("\n")

STATEMENTS = """
{% for x in numbers %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}
{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }};{% endfor %}
{% for x in numbers %}{{ loop.cycle('a', 'b') }}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}
{% for x in numbers if x > 1 %}{{ x }}{{ loop.length }}{{ loop.last }}{% endfor %}
{% for x in numbers if x > 9 %}{{ x }}{% else %}none{% endfor %}
{% for x in [] %}{{ x }}{% else %}none{% endfor %}
{% for x in missing %}{{ x }}{% else %}none{% endfor %}
{% for x in none %}{{ x }}{% endfor %}
{% for x in seven %}{{ x }}{% endfor %}
{% for k, v in nested.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in nested %}{{ k }};{% endfor %}
{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for a, b in ['xy'] %}{{ a }}{{ b }}{% endfor %}
{% for c in word[:9] %}[{{ c }}]{% endfor %}
{% for x in 1, 2 %}{{ x }}{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% for x in [1, 2] %}{% continue %}{% else %}else{% endfor %}
{% for x in [1, 2] %}{% break %}{% else %}else{% endfor %}
{% for x in [1, 2] %}{% if x == 2 %}{% break %}{% endif %}{% else %}else{% endfor %}
{% for x in [1, 2] %}{% for y in [3, 4] %}{% if y == 4 %}{% break %}{% endif %}{{ x }}{{ y }}{% endfor %}{% endfor %}
{% break %}
{% for x in numbers %}{% set y = x %}{% endfor %}{{ y }}
{% set y = 0 %}{% for x in numbers %}{% set y = y + x %}{{ y }};{% endfor %}{{ y }}
{% set ns = namespace(total=0) %}{% for x in numbers %}{% set ns.total = ns.total + x %}{% endfor %}{{ ns.total }}
{% set ns = {} %}{% set ns.x = 1 %}
{% set missing.x = 1 %}
{% set ns = namespace() %}{% set ns.items = [1] %}{{ ns['items'] }}{{ ns.other }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a = 1, 2 %}{{ a }}
{% set x %}  a{{ seven }}
b {% endset %}[{{ x }}]{{ x is string }}
{% set x = 1 %}{% set y %}{% set x = 2 %}{{ x }}{% endset %}{{ x }}{{ y }}
{% if yes %}{% set x = 1 %}{% endif %}{{ x }}
{% if no %}a{% elif zero %}b{% elif yes %}c{% else %}d{% endif %}
{% if no %}a{% else %}{% if yes %}b{% endif %}{% endif %}
{% if missing %}a{% endif %}{% if not missing %}b{% endif %}
{% if yes and numbers and word and nested %}all{% endif %}{% if [] or {} or '' or 0 or 0.0 or () %}none{% endif %}
{% macro m(a, b=2, c=b) %}({{ a }},{{ b }},{{ c }}){% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c=5) }}{{ m(b=1, a=0) }}{{ m() }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}
{% macro m() %} {{ seven }} {% endmacro %}{{ m()|trim ~ m()|length }}
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% set x = 1 %}{% macro m() %}{{ x }}{% set x = 3 %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}{{ x }}
{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}
{% macro m() %}{% for x in [1] %}{{ x }}{% endfor %}{% endmacro %}{% for x in [5] %}{{ m() }}{{ x }}{% endfor %}
{% generation %}{% set x = 1 %}a{{ x }}{% endgeneration %}{{ x }}
{% for m in [1, 2] %}{% generation %}{{ m }}{% endgeneration %};{% endfor %}
{% set found = namespace(at=none) %}{% for x in numbers if found.at is none %}{% if x == 1 %}{% set found.at = loop.index0 %}{% endif %}{{ x }}{% endfor %}{{ found.at }}
{% set found = namespace(at=none) %}{% for x in numbers if found.at is none %}{% if x == 3 %}{% set found.at = 0 %}{% endif %}{{ x }}{{ loop.last }}{% endfor %}
{% set l = numbers|map('string') %}{% for a in l %}{{ a }}{% endfor %}{% for a in l %}{{ a }}{% endfor %}
{% for x in numbers|reverse %}{{ x }}{{ loop.length }}{% endfor %}
{% for x in numbers|select('gt', 1) %}{{ x }}{{ loop.length }}{{ loop.revindex }}{% endfor %}
{% for x in [1, 2] %}{{ loop.index }}{% for y in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}{{ loop }}
{% for x in [1, 2] %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}{{ loop.index }};{% endfor %}{% endfor %}
{% for i in [1] %}{% for j in [1] %}{{ seven }}{% endfor %}{% set seven = 8 %}{{ seven }}{% endfor %}{{ seven }}
{% for i in [1] %}{% for j in [1] %}{{ zero }}{% endfor %}{% set zero = 8 %}{{ zero }}{% endfor %}
{% for i in [1] %}{% for j in [1] %}{{ zero }}{% endfor %}{% if yes %}{% set zero = 8 %}{% endif %}{{ zero }}{% endfor %}
{% for i in [1] %}{% for j in [1] %}{{ zero }}{% endfor %}{% if yes %}{% set zero = 8 %}{% elif no %}{% set zero = 9 %}{% else %}{% set zero = 10 %}{% endif %}{{ zero }}{% endfor %}
{% for i in [1] %}{{ zero }}{% for j in [1] %}{{ zero }}{% endfor %}{% set zero = 8 %}{{ zero }}{% endfor %}
{% macro m() %}{{ zero }}{% endmacro %}{{ m() }};{% set zero = 8 %}{{ m() }}
{% macro m() %}{% generation %}{{ zero }}{% endgeneration %}{% set zero = 8 %}{{ zero }}{% endmacro %}{{ m() }}
{% set x %}{% generation %}{{ zero }}{% endgeneration %}{% set zero = 8 %}{{ zero }}{% endset %}{{ x }}
{% for loop in [1] %}{% endfor %}
{% for x in numbers recursive %}{% endfor
{% if %}{% endif %}
{% if yes %}
{% endif %}
{% for x in %}{% endfor %}
{% set true = 1 %}
{% unknown %}
{% raw %}{{ x }} {% if %}{# c #}{% endraw %}!
{%- raw -%}  {{ x }}  {%- endraw -%}  !
{% raw %}never ends
{# never ends
{{ never ends
{% if yes
a{# comment #}b{#- c -#} d{# {{ x }} {% if %} #}
{{ '}}' }}{{ '%}' }}{{ {'a': {'b': 1}} }}{{ {'a': {'b': {}}}['a'] }}
{{ [1, 2][0] }}{{ (1) }}{{ ((2)) }}
a { b } c {x {{ '{' }}%
{%if yes%}x{%endif%}{{seven}}{{-seven}}{{- seven -}} y
{{-1}}{{ -1 }}{{+1}}
{%+ if yes %}x{% endif +%}
{% set x = [1,
2] %}{{ x
 }}
{{ 1 }};{{ word[
0] }}
""".strip("\n").replace("\nb {% endset", "\x00b {% endset").replace("\n2] %}", "\x002] %}").replace("\n }}", "\x00 }}").replace("\n0] }}", "\x000] }}").split("\n")

WHITESPACE = [
    "a\n{% if yes %}\nb\n{% endif %}\nc\n",
    "a\n  {% if yes %}\n    b\n  {% endif %}\nc\n\n",
    "  {% if yes %}  \n b{% endif %}",
    "a  {% if yes %}b{% endif %}  \n  {{ seven }}  \n",
    "a\n  {{- seven -}}  \n b",
    "a \n\n {%- if yes -%} \n\n b \n {%- endif %} \n c",
    "a\n  {%+ if yes %}\nb\n  {%+ endif %}\n",
    "a\n{% if yes +%}\nb{% endif +%}\n c",
    "{# c #}\n a",
    "  {# c #}  \n a",
    " {#- c -#} \n a",
    "a\n  {#+ c +#}\n b",
    "x\r\n{% if yes %}\r\ny\rz\r\n{% endif %}\r\n",
    "a\n\n",
    "\n",
    "",
    "a\x1c{%- if yes -%}\x1f\x85b{% endif %}",
    "\x1c\x1d{% if yes %}x{% endif %}",
    "a\n\x85\u3000{% if yes %}x{% endif %}",
    "{{ 'a\n b' }}\n{{ 'c' }}\n\n  {{ 'd' }}",
    "{% set x = 1 %}\n{% set y = 2 %}\n\n{{ x }}{{ y }}",
    "{% for x in numbers %}\n  {{ x }}\n{% endfor %}\n",
    "{% for x in numbers -%}\n  {{ x }}\n{%- endfor %}\n",
    "{%- for x in numbers %}\n\n{{- x }}\n{%- endfor -%}\n z",
    "{% for x in numbers %}{% if x > 1 %}\n    {% if x > 2 %}\n      {{ x }}\n    {% endif %}\n  {% endif %}\n{% endfor %}",
    "  {% raw %}\n  x {% endraw %}\n y",
    "a\n  {%- raw %} b {% endraw -%}  c",
    "a\n\t{% raw -%}\n  b\n  {% endraw %}\nc",
    "{% macro m() %}\n  x\n{% endmacro %}\n[{{ m() }}]",
    "{%- macro m() -%}\n  x\n{%- endmacro -%}\n[{{ m() }}]",
    "{% set x %}\n  a\n  {% endset %}\n[{{ x }}]",
    "{{ 'x' }}{% if yes %}\n{% endif %}{{ 'y' }}",
    "{{ 'x' -}}\n\n{% if yes %}\ny{% endif %}",
    "{{ 'x' }}  {% if yes %}y{% endif %}",
    "{% if yes %}{{ 'x' }}\n  {% endif %}y",
]

USER = {"role": "user", "content": " Hi <there> "}
CHATS = [
    [USER],
    [USER, {"role": "assistant", "content": "Hello.\n"}, {"role": "user", "content": "\x1c\x1f ok \x85"}],
    [{"role": "system", "content": "Be brief."}, USER],
    [{"role": "system", "content": "S"}, USER, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes"}, {"role": "user", "content": "2 & 'q' \"d\" é"}],
    [{"role": "assistant", "content": "first"}],
    [],
]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Gets it for <city>", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["A", "B"]}, "days": {"type": "integer"}}, "required": ["city"]}}}]
TOOL_CHAT = [
    {"role": "system", "content": "S"},
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {"name": "weather", "arguments": {"city": "A", "n": [1, 2.5, None, True]}}}]},
    {"role": "tool", "name": "weather", "tool_call_id": "abcdefghi", "content": "{\"sun\": true}"},
    {"role": "assistant", "content": "Sunny."},
    {"role": "user", "content": "Thanks"},
]
PARTS_CHAT = [
    {"role": "system", "content": [{"type": "text", "text": "Sys"}]},
    {"role": "user", "content": [{"type": "text", "text": " look "}, {"type": "image"}, {"type": "text", "text": "here"}]},
    {"role": "assistant", "content": [{"type": "text", "text": " seen "}]},
]

FAMILIES = {
    "gemma": """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('a system turn is not supported') }}{% endif %}{% if (m.role == 'assistant') != (loop.index0 % 2 == 1) %}{{ raise_exception('turns must go user, assistant, user, ...') }}{% endif %}{{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\\n' ~ (m.content | trim) ~ '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}""",
    "chatml": """{% for m in messages %}
{%- if loop.first and m.role != 'system' %}
{{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
{%- endif %}
{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
""",
    "zephyr": """{% for m in messages %}
{% if m['role'] == 'user' %}
{{ '<|user|>\\n' + m['content'] + eos_token }}
{% elif m['role'] == 'system' %}
{{ '<|system|>\\n' + m['content'] + eos_token }}
{% elif m['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + m['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "llama2": """{% if messages and messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set turns = messages[1:] %}{% else %}{% set sys = false %}{% set turns = messages %}{% endif %}
{%- for m in turns %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
{%- set text = '<<SYS>>\\n' ~ sys ~ '\\n<</SYS>>\\n\\n' ~ m.content if loop.index0 == 0 and sys is not false else m.content %}
{%- if m.role == 'user' %}{{ bos_token ~ '[INST] ' ~ text.strip() ~ ' [/INST]' }}{% else %}{{ ' ' ~ text.strip() ~ ' ' ~ eos_token }}{% endif %}
{%- endfor %}""",
    "llama3": """{{- bos_token }}
{%- if custom_tools is defined %}{% set tools = custom_tools %}{% endif %}
{%- if not tools_in_user_message is defined %}{% set tools_in_user_message = true %}{% endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% else %}{% set date_string = "26 Jul 2024" %}{% endif %}
{%- endif %}
{%- if not tools is defined %}{% set tools = none %}{% endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "Functions:\\n" }}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{% endfor %}
{%- endif %}
{{- "Today: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content'] | trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("No first user message for the tools") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{% endfor %}
    {{- first_user_message + "<|eot_id|>" }}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls | length == 1 %}{{- raise_exception("one call only") }}{% endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + tool_call.name + '", "parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "qwen": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{% endif %}
    {{- "# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages and messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{% set content = message.content %}{% else %}{% set content = '' %}{% endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{% endif %}
                {%- if tool_call.function %}{% set tool_call = tool_call.function %}{% endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{% else %}{{- tool_call.arguments | tojson }}{% endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{% endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{% endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{%- endif %}""",
    "mistral": """{%- if messages and messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}{% set tools = none %}{% endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}{{- ", " }}{% endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{% else %}{{- "]" }}{% endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be 9 characters") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{% else %}{{- "]" + eos_token }}{% endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ', "call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "phi": """{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + (message['content'] or '') + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}""",
    "gemma3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("roles must alternate user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
""",
    "deepseek": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, system_prompt='', is_first_sp=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and 'tool_calls' in message %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}{{'<｜Assistant｜>' + tool['type'] + '｜' + tool['function']['name'] + '\\n' + '```json' + '\\n' + tool['function']['arguments']|tojson + '\\n' + '```'}}{%- set ns.is_first = true -%}{%- endif %}{%- endfor %}{{'<｜end｜>'}}{%- elif message['role'] == 'assistant' %}{%- if ns.is_tool %}{{'<｜tool｜>' + message['content'] + '<｜end｜>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end｜>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{'<｜tool_out｜>' + message['content']}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\\n'}}{% endif %}""",
    "command": """{%- macro json_type(spec) -%}
  {%- set map = {"string": "str", "integer": "int", "array": "List"} -%}
  {%- if spec is defined and spec.type == 'array' -%}List[{{ json_type(spec.get('items')) }}]{%- else -%}{{ map[spec.type] if spec.type in map else 'Any' }}{%- endif -%}
{%- endmacro -%}
{%- macro parameters(tool, sep=', ', upper=false) -%}
  {%- for name, spec in tool.parameters.properties.items() -%}
    {{- (name | upper if upper else name) ~ ': ' ~ json_type(spec) ~ ('' if name in tool.parameters.required else ' = None') -}}
    {%- if not loop.last -%}{{ sep }}{%- endif -%}
  {%- endfor -%}
{%- endmacro -%}
{{ bos_token }}
{%- if tools -%}
{%- for t in tools | map(attribute='function') -%}
{{ '\\ndef ' ~ t.name ~ '(' ~ parameters(t) ~ '):\\n' }}{{ '"' * 3 }}{{ t.description | indent(4) }}{{ parameters(t, sep='; ', upper=true) }}
{% endfor -%}
{%- endif -%}
{%- for message in messages %}
{%- if message.role == 'system' -%}<SYS>{{ message.content }}</SYS>
{%- elif message.content -%}<{{ message.role | upper }}>{{ message.content | trim }}</{{ message.role | upper }}>
{%- elif message.tool_calls -%}{{ message.tool_calls | map(attribute='function') | map('tojson') | join('\\n') }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<BOT>{% endif %}""",
    "trained": """{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {%- generation %}
        {{- message.content }}
        {%- endgeneration %}
    {%- else %}
        {{- '[' ~ message.role ~ ']' ~ message.content }}
    {%- endif %}
{%- endfor %}""",
}


def cases():
    for expression in EXPRESSIONS:
        yield "{{ " + expression + " }}", VARIABLES
    for statement in STATEMENTS + WHITESPACE:
        yield statement.replace("\x00", "\n"), VARIABLES
    for name, template in FAMILIES.items():
        tokens = {"bos_token": "<bos>", "eos_token": "<eos>"}
        for place, chat in enumerate(CHATS):
            yield template, {**tokens, "messages": chat, "add_generation_prompt": place % 2 == 0}
        yield template, {**tokens, "messages": TOOL_CHAT, "tools": TOOLS, "add_generation_prompt": True, "enable_thinking": False}
        yield template, {**tokens, "messages": PARTS_CHAT, "tools": None, "add_generation_prompt": True}
