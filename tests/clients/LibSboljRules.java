import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sbolstandard.core2.SBOLDocument;
import org.sbolstandard.core2.SBOLReader;
import org.sbolstandard.core2.SBOLValidate;

/**
 * Prints what libSBOLj finds wrong with each file of a folder: the file's name, a tab, and the rules with blanks between,
 * or `failed` and what it threw. test_clients_libsbolj_rules.py starts it and says what must come out.
 */
public class LibSboljRules {
    static final Pattern RULE = Pattern.compile("sbol-\\d{5}");

    public static void main(String[] arguments) {
        SBOLReader.setKeepGoing(true);
        SBOLReader.setURIPrefix("http://oracle.example/");
        SBOLReader.setVersion("1");
        File[] files = new File(arguments[0]).listFiles();
        for (File file : files) {
            System.out.println(file.getName() + "\t" + rulesOf(file));
        }
    }

    static String rulesOf(File file) {
        List<String> errors = new ArrayList<>();
        try {
            SBOLReader.clearErrors();
            SBOLDocument document = SBOLReader.read(file);
            errors.addAll(SBOLReader.getErrors());
            SBOLValidate.validateSBOL(document, true, true, true);
            errors.addAll(SBOLValidate.getErrors());
        } catch (Throwable thrown) {
            return "failed " + thrown.getClass().getSimpleName();
        }
        TreeSet<String> rules = new TreeSet<>();
        for (String error : errors) {
            Matcher matcher = RULE.matcher(error);
            if (matcher.find()) {
                rules.add(matcher.group());
            }
        }
        return String.join(" ", rules);
    }
}
