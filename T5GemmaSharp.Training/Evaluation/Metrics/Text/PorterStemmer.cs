namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>M. F. Porter's suffix stripping (Program 14.3, 1980) with the extensions of NLTK, which rouge_score uses.</summary>
/// <remarks>NLTK: <c>PorterStemmer</c> in its default mode <c>NLTK_EXTENSIONS</c>. Where the extensions matter, a comment says so.</remarks>
internal static class PorterStemmer
{
    /// <summary>Irregular words, an extension: their stem is looked up.</summary>
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["sky"] = "sky",
        ["skies"] = "sky",
        ["dying"] = "die",
        ["lying"] = "lie",
        ["tying"] = "tie",
        ["news"] = "news",
        ["innings"] = "inning",
        ["inning"] = "inning",
        ["outings"] = "outing",
        ["outing"] = "outing",
        ["cannings"] = "canning",
        ["canning"] = "canning",
        ["howe"] = "howe",
        ["proceed"] = "proceed",
        ["exceed"] = "exceed",
        ["succeed"] = "succeed",
    };

    private static readonly (string Suffix, string Replacement)[] Step2Rules =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
        ("bli", "ble"), // an extension: the paper has "abli"
        ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"),
        ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"),
        ("iviti", "ive"), ("biliti", "ble"),
        ("fulli", "ful"), // an extension
    ];

    private static readonly (string Suffix, string Replacement)[] Step3Rules =
    [
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
    ];

    private static readonly string[] Step4Suffixes =
    [
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
    ];

    /// <summary>The stem of a lowercase word.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var stem))
            return stem;
        return word.Length <= 2 ? word : Step5(Step4(Step3(Step2(Step1c(Step1b(Step1a(word)))))));
    }

    /// <summary>Plurals.</summary>
    private static string Step1a(string word)
    {
        if (Ends(word, "ies"))
            return Cut(word, word.Length == 4 ? 1 : 2); // an extension: "dies" keeps its e
        if (Ends(word, "sses"))
            return Cut(word, 2);
        return Ends(word, "s") && !Ends(word, "ss") ? Cut(word, 1) : word;
    }

    /// <summary>Past tenses and participles.</summary>
    private static string Step1b(string word)
    {
        if (Ends(word, "ied"))
            return Cut(word, word.Length == 4 ? 1 : 2); // an extension: "died" keeps its e
        if (Ends(word, "eed"))
            return Measure(Cut(word, 3)) > 0 ? Cut(word, 1) : word;
        foreach (var suffix in (ReadOnlySpan<string>)["ed", "ing"])
        {
            if (Ends(word, suffix) && HasVowel(Cut(word, suffix.Length)))
                return Repair(Cut(word, suffix.Length));
        }

        return word;
    }

    /// <summary>Gives a stem without its -ed or -ing the form that later steps know: "siz" becomes "size", "hopp" becomes "hop".</summary>
    private static string Repair(string stem)
    {
        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz"))
            return stem + "e";
        if (EndsInDoubleConsonant(stem))
            return stem[^1] is 'l' or 's' or 'z' ? stem : Cut(stem, 1);
        return Measure(stem) == 1 && EndsLikeHop(stem) ? stem + "e" : stem;
    }

    /// <summary>A final y; an extension: after a consonant that is not the first letter, instead of after any vowel.</summary>
    private static string Step1c(string word)
        => Ends(word, "y") && word.Length > 2 && IsConsonant(word, word.Length - 2) ? Cut(word, 1) + "i" : word;

    /// <summary>Double suffixes.</summary>
    private static string Step2(string word)
    {
        if (Ends(word, "alli") && Measure(Cut(word, 4)) > 0)
            return Step2(Cut(word, 2)); // an extension: what stands before "-ally" is looked at again
        var stripped = Replace(word, Step2Rules);
        // An extension: the l of -logi counts for the stem, so that "geology" and "theology" lose their end too.
        return stripped == word && Ends(word, "logi") && Measure(Cut(word, 3)) > 0 ? Cut(word, 1) : stripped;
    }

    /// <summary>-ic, -ful, -ness and their like.</summary>
    private static string Step3(string word) => Replace(word, Step3Rules);

    /// <summary>The last suffix of a long stem.</summary>
    private static string Step4(string word)
    {
        if (Array.Find(Step4Suffixes, suffix => Ends(word, suffix)) is not { } found)
            return word;
        var stem = Cut(word, found.Length);
        return Measure(stem) > 1 && (found != "ion" || stem[^1] is 's' or 't') ? stem : word;
    }

    /// <summary>A final e, then a final double l.</summary>
    private static string Step5(string word)
    {
        if (Ends(word, "e"))
        {
            var stem = Cut(word, 1);
            var measure = Measure(stem);
            if (measure > 1 || (measure == 1 && !EndsLikeHop(stem)))
                word = stem;
        }

        return Ends(word, "ll") && Measure(Cut(word, 1)) > 1 ? Cut(word, 1) : word;
    }

    /// <summary>Applies the first rule whose suffix fits, if what is left has a vowel followed by a consonant.</summary>
    private static string Replace(string word, (string Suffix, string Replacement)[] rules)
    {
        foreach (var (suffix, replacement) in rules)
        {
            if (Ends(word, suffix))
                return Measure(Cut(word, suffix.Length)) > 0 ? Cut(word, suffix.Length) + replacement : word;
        }

        return word;
    }

    private static bool Ends(string word, string suffix) => word.EndsWith(suffix, StringComparison.Ordinal);

    private static string Cut(string word, int letters) => word[..^letters];

    /// <summary>A letter other than a, e, i, o, u, and y unless a consonant stands before it.</summary>
    private static bool IsConsonant(string word, int place) => word[place] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => place == 0 || !IsConsonant(word, place - 1),
        _ => true,
    };

    private static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(place => !IsConsonant(stem, place));

    /// <summary>How often a vowel is followed by a consonant: the m of the paper.</summary>
    private static int Measure(string stem)
        => Enumerable.Range(1, Math.Max(0, stem.Length - 1)).Count(place => IsConsonant(stem, place) && !IsConsonant(stem, place - 1));

    private static bool EndsInDoubleConsonant(string word)
        => word.Length >= 2 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    /// <summary>Consonant, vowel, and a consonant other than w, x and y: the *o of the paper; an extension: or a vowel and a consonant alone.</summary>
    private static bool EndsLikeHop(string word)
    {
        var last = word.Length - 1;
        if (last < 1 || !IsConsonant(word, last) || IsConsonant(word, last - 1))
            return false;
        return last == 1 || (IsConsonant(word, last - 2) && word[last] is not ('w' or 'x' or 'y'));
    }
}
